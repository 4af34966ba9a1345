import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { secretBytes, signWebhook } from "./signature.ts";

test("the signature is that of the specification's own example", () => {
  const key = secretBytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") as Buffer;
  expect(signWebhook(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, '{"test": 2432232314}')).toBe(
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  );
});

test("an independent verifier accepts what is signed, whatever the key and the text", () => {
  for (const length of [24, 25, 26, 32, 64]) {
    const secret = `whsec_${randomBytes(length).toString("base64")}`;
    const timestamp = Math.floor(Date.now() / 1_000);
    const body = JSON.stringify({ text: "Grüße 🎉 \u2028 \ud800", length });
    const headers = {
      "webhook-id": "0190d8a2-3c1e-7b6f-9d00-0a1b2c3d4e5f",
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signWebhook(
        secretBytes(secret) as Buffer,
        "0190d8a2-3c1e-7b6f-9d00-0a1b2c3d4e5f",
        timestamp,
        body,
      ),
    };
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow(/signature/);
  }
});

test("a secret is read as the bytes it stands for", () => {
  const bytes = randomBytes(32);
  expect(secretBytes(`whsec_${bytes.toString("base64")}`)).toEqual(bytes);
});

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["a number", 7],
  ["no prefix", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
  ["another prefix", "sk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
  ["the prefix alone", "whsec_"],
  ["a blank in it", "whsec_MfKQ9r8GKYqrTwjU PD8ILPZIo2LaLaSw"],
  ["a line break after it", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"],
  ["the alphabet of URLs", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_"],
  ["its padding missing", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMA"],
  ["padding too much", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=="],
  ["a last character that stands for nothing", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwA"],
  ["bits left over", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMB=="],
])("a secret with %s is none, since verifiers disagree about it or refuse it", (_what, secret) => {
  expect(secretBytes(secret)).toBeNull();
});
