/**
 * `npm run openapi`: is the API's description (`/openapi.json`) one that tools can rely on? Every finding of the
 * linter's recommended rules counts, warnings too. What the document says is tested in apps/api/src/openapi.
 */
import { lintDocument } from "./openapi/linter.ts";
import { servedDocument } from "./openapi/served-document.ts";

const document = await servedDocument();
const findings = await lintDocument(document);
for (const { rule, message, where } of findings) console.error(`${where}  ${rule}: ${message}`);
console.log(`/openapi.json, ${document.length} characters: ${findings.length} findings`);
process.exit(findings.length > 0 ? 1 : 0);
