/**
 * Credentials at rest: AES-256-GCM under the first of ENCRYPTION_KEYS, readable under any of them, bound to the row
 * they belong to so that a value copied to another row does not open.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  randomBytes,
  type KeyObject,
} from "node:crypto";

export interface Keyring {
  /** @param context what the value belongs to, such as a row's id; needed again to open it */
  seal(plaintext: string, context: string): string;
  /** @throws if no key fits, the value was changed, or the context is another */
  open(sealed: string, context: string): string;
  /** Whether a value is sealed under the first key. */
  isCurrent(sealed: string): boolean;
}

interface Key {
  id: string;
  /** Not plain bytes: with those each opening of a credential takes Node four times as long. */
  secret: KeyObject;
}

const version = "v1";
const ivLength = 12;
const tagLength = 16;

/** @param encryptionKeys comma list of base64 32-byte keys, the first encrypts */
export function createKeyring(encryptionKeys: string): Keyring {
  const keys: Key[] = encryptionKeys.split(",").map((encoded) => {
    const bytes = Buffer.from(encoded, "base64");
    if (bytes.length !== 32) throw new Error("an encryption key is not 32 bytes long");
    return { id: createHash("sha256").update(bytes).digest("hex").slice(0, 8), secret: createSecretKey(bytes) };
  });
  const [first] = keys as [Key];

  return {
    seal(plaintext, context) {
      const iv = randomBytes(ivLength);
      const cipher = createCipheriv("aes-256-gcm", first.secret, iv).setAAD(Buffer.from(context));
      const body = Buffer.concat([iv, cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `${version}.${first.id}.${body.toString("base64")}`;
    },
    open(sealed, context) {
      const [sealedVersion, keyId, encoded] = sealed.split(".");
      const key = keys.find((candidate) => candidate.id === keyId);
      if (sealedVersion !== version || key === undefined || encoded === undefined) {
        throw new Error("credentials are sealed under a key that is not in ENCRYPTION_KEYS");
      }
      const body = Buffer.from(encoded, "base64");
      const decipher = createDecipheriv("aes-256-gcm", key.secret, body.subarray(0, ivLength), {
        authTagLength: tagLength,
      });
      decipher.setAAD(Buffer.from(context)).setAuthTag(body.subarray(-tagLength));
      return decipher.update(body.subarray(ivLength, -tagLength), undefined, "utf8") + decipher.final("utf8");
    },
    isCurrent: (sealed) => sealed.startsWith(`${version}.${first.id}.`),
  };
}
