/** The operator's API as tests call it. */
import { testOperators, type Answer, type AppUnderTest, type Method } from "../app-under-test.ts";
import type { Problem } from "../problem.ts";

export interface OperatorPage<Row> {
  data: Row[];
  nextCursor: string | null;
}

/** Calls as `operator`, unless other headers are given. */
export type OperatorCall = <Body = Problem>(
  method: Method,
  path: string,
  body?: object,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer<Body>>;

export const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
export const operator = basic("operator", testOperators.operatorPassword);
export const viewer = basic("viewer", testOperators.viewerPassword);

/** @param api asked for with every call, since tests open it late */
export function operatorCalls(api: () => AppUnderTest): OperatorCall {
  return (method, path, body, headers = operator) =>
    api().callRaw({
      method,
      url: `/v1/operator${path}`,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
}
