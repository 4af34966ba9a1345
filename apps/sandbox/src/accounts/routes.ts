/** Telling the sandbox about accounts. A secret goes in and never comes out. */
import { Type } from "typebox";
import type { SandboxApp } from "../app.ts";
import type { Account, Accounts } from "./accounts.ts";

export const accountParams = Type.Object({ account: Type.String({ pattern: "^[A-Za-z0-9._:@-]{1,200}$" }) });

const accountBody = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    secret: Type.Optional(Type.String({ pattern: "^whsec_[A-Za-z0-9+/]{4,200}={0,2}$" })),
    refuseDuplicates: Type.Optional(Type.Boolean()),
    publishingQuota: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    idempotencyKeys: Type.Optional(Type.Enum(["honoured", "ignored", "failing"])),
  },
  { additionalProperties: false },
);

export function accountRoutes(app: SandboxApp, { accounts }: { accounts: Accounts }): void {
  app.put("/_control/accounts/:account", { schema: { params: accountParams, body: accountBody } }, (request, reply) => {
    const { account } = request.params;
    if (!accounts.set(account, request.body)) {
      return reply.code(409).send({ error: "too_many_accounts", message: "As many accounts are known as may be." });
    }
    return reply.send(describe(account, request.body));
  });

  app.get("/_control/accounts", () => ({ data: accounts.list().map(([id, account]) => describe(id, account)) }));

  app.delete("/_control/accounts/:account", { schema: { params: accountParams } }, (request, reply) =>
    accounts.remove(request.params.account)
      ? reply.code(204).send()
      : reply.code(404).send({ error: "not_found", message: "Nothing was told of that account." }),
  );
}

function describe(id: string, { name, secret, refuseDuplicates, publishingQuota, idempotencyKeys }: Account) {
  return {
    account: id,
    name: name ?? null,
    signed: secret !== undefined,
    refuseDuplicates: refuseDuplicates ?? false,
    ...(publishingQuota === undefined ? {} : { publishingQuota }),
    ...(idempotencyKeys === undefined ? {} : { idempotencyKeys }),
  };
}
