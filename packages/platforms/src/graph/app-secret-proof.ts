/** Proof that a call comes from whoever holds the app's secret; required where the app is set so (Meta, "Securing requests"). */
import { createHmac } from "node:crypto";

export function appSecretProof(appSecret: string, accessToken: string): string {
  return createHmac("sha256", appSecret).update(accessToken).digest("hex");
}
