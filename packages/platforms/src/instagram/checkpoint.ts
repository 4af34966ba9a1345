/** What preparing left at Instagram: containers, which readers do not see and which can be published once. */
import type { Checkpoint } from "@punctual/core";
import { idOf } from "../graph/fields.ts";
import { fieldsOf } from "../json-answer.ts";

export const containerKinds = ["image", "reel", "carousel"] as const;
export type ContainerKind = (typeof containerKinds)[number];

export interface Container {
  id: string;
  kind: ContainerKind;
  /** By our clock, in milliseconds since 1970. */
  createdAtMs: number;
  /** An earlier attempt published it, as reading it showed: it must not be published again. */
  published?: true;
}

export interface Preparation {
  /** Of a carousel, in the post's order. */
  childIds: readonly string[];
  /** The one to publish. */
  container?: Container;
}

export function readPreparation(checkpoint: Checkpoint | null): Preparation {
  const { childIds, container } = checkpoint ?? {};
  const { id, kind, createdAtMs, published } = fieldsOf(container);
  const containerId = idOf(id);
  const known = containerKinds.find((candidate) => candidate === kind);
  const children = Array.isArray(childIds) ? childIds.flatMap((child) => idOf(child) ?? []) : [];
  if (containerId === undefined || known === undefined || typeof createdAtMs !== "number")
    return { childIds: children };
  return {
    childIds: children,
    container: { id: containerId, kind: known, createdAtMs, ...(published === true ? { published } : {}) },
  };
}
