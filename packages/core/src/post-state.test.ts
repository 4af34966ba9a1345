import { expect, test } from "vitest";
import { cancellableStatuses, endedStatuses, postStatuses, postTransitions, waitingStatuses } from "./post-state.ts";

test("every state has an entry in the table, and the table leads nowhere else", () => {
  expect(Object.keys(postTransitions).toSorted()).toEqual([...postStatuses].toSorted());
  for (const [from, targets] of Object.entries(postTransitions)) {
    expect(new Set(targets).size, `${from} lists a target twice`).toBe(targets.length);
    for (const to of targets) expect(postStatuses, `${from} leads to ${to}`).toContain(to);
    expect(targets, `${from} leads to itself`).not.toContain(from);
  }
});

test("every state can be reached from the two a post is accepted in", () => {
  const reached = new Set<string>(["scheduled", "held"]);
  for (const from of reached) {
    for (const to of postTransitions[from as keyof typeof postTransitions]) reached.add(to);
  }
  expect([...reached].toSorted()).toEqual([...postStatuses].toSorted());
});

test("from every state that has not ended an end can be reached", () => {
  for (const start of postStatuses) {
    const reached = new Set<string>([start]);
    for (const from of reached) {
      for (const to of postTransitions[from as keyof typeof postTransitions]) reached.add(to);
    }
    expect(
      endedStatuses.some((ended) => reached.has(ended)),
      `${start} never ends`,
    ).toBe(true);
  }
});

test("published and cancelled are final; failed and missed come back by an explicit retry only", () => {
  expect(postTransitions.published).toEqual([]);
  expect(postTransitions.cancelled).toEqual([]);
  expect(postTransitions.failed).toEqual(["scheduled"]);
  expect(postTransitions.missed).toEqual(["scheduled"]);
});

test("only a waiting post can be claimed", () => {
  const claimable = postStatuses.filter((from) => postTransitions[from].includes("publishing"));
  expect(claimable.toSorted()).toEqual([...waitingStatuses].toSorted());
});

test("exactly the states called cancellable lead to cancelled", () => {
  const cancellable = postStatuses.filter((from) => postTransitions[from].includes("cancelled"));
  expect(cancellable.toSorted()).toEqual([...cancellableStatuses].toSorted());
});

test("a post whose answer is lost is never cancelled, missed or sent again without being looked at", () => {
  expect(postTransitions.unconfirmed).not.toContain("cancelled");
  expect(postTransitions.unconfirmed).not.toContain("missed");
  expect(postTransitions.unconfirmed).not.toContain("publishing");
  expect(postTransitions.unconfirmed).not.toContain("scheduled");
});
