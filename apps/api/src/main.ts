/** The API's program. Everything else is in `process.ts`, loaded once the process is what it shall be. */
import { beThrifty } from "@punctual/runtime/thrift";

beThrifty("api");
const [{ runMain }, { runApi }] = await Promise.all([import("@punctual/runtime"), import("./process.ts")]);
await runMain(runApi);
