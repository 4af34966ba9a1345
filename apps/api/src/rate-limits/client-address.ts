/** Whom a limit per client address is about: one address of version 4, one network of version 6. */
import { isIPv6 } from "node:net";

/** An end site is given at least this much of version 6, so anything smaller could be changed at will: 64 bits. */
const groupsOfNetwork = 4;

/** @param ip as the socket or a trusted proxy tells it */
export function clientNetwork(ip: string): string {
  const [address = ""] = ip.split("%", 1);
  if (!isIPv6(address)) return ip;
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  // What "::" stands for is zeros, as many as are missing.
  const [head = "", tail = ""] = address.split("::", 2);
  const front = head === "" ? [] : head.split(":");
  const back = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  const network = [...front, ...zeros, ...back].slice(0, groupsOfNetwork);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
