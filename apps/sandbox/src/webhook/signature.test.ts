import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { signatureFault } from "./signature.ts";

// The specification's own example.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const example = {
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: "1614265330",
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  body: Buffer.from('{"test": 2432232314}'),
};
const then = new Date(1_614_265_330_000);
const secondsLater = (seconds: number) => new Date(then.getTime() + seconds * 1_000);

test("the example of the specification is accepted", () => {
  expect(signatureFault(secret, example, then)).toBeNull();
});

test("what the specification's own library signs is accepted, bytes beyond ASCII included", () => {
  const body = "héllo 🎉";
  const signature = new Webhook(secret).sign("msg_1", then, body);
  const delivery = { id: "msg_1", timestamp: "1614265330", signature, body: Buffer.from(body) };
  expect(signatureFault(secret, delivery, then)).toBeNull();
});

test.each([
  ["another body", { body: Buffer.from('{"test": 2432232315}') }, "invalid_signature"],
  ["another id", { id: "msg_2" }, "invalid_signature"],
  ["another timestamp", { timestamp: "1614265331" }, "invalid_signature"],
  ["another version of signature", { signature: example.signature.replace("v1,", "v2,") }, "invalid_signature"],
  ["a signature cut short", { signature: "v1,g0hM9SsE" }, "invalid_signature"],
  ["a signature that is no base64", { signature: "v1," }, "invalid_signature"],
  ["no signature", { signature: undefined }, "missing_signature"],
  ["no timestamp", { timestamp: undefined }, "missing_signature"],
  ["a timestamp that is no number", { timestamp: "1614265330.5" }, "invalid_timestamp"],
])("a delivery with %s is refused", (_what, changed, fault) => {
  expect(signatureFault(secret, { ...example, ...changed }, then)).toBe(fault);
});

test("another secret is refused", () => {
  expect(signatureFault("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", example, then)).toBe("invalid_signature");
});

test("one valid signature among several is enough", () => {
  const other = "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=";
  const several = { ...example, signature: `v1a,AAAA ${other} ${example.signature}` };
  expect(signatureFault(secret, several, then)).toBeNull();
  expect(signatureFault(secret, { ...example, signature: `${other} ${other}` }, then)).toBe("invalid_signature");
});

test("a timestamp is believed for five minutes either way", () => {
  expect(signatureFault(secret, example, secondsLater(300))).toBeNull();
  expect(signatureFault(secret, example, secondsLater(-300))).toBeNull();
  expect(signatureFault(secret, example, secondsLater(301))).toBe("timestamp_out_of_tolerance");
  expect(signatureFault(secret, example, secondsLater(-301))).toBe("timestamp_out_of_tolerance");
});
