// Requests with the JavaScript SDK some of what the tests record with boto3, and prints it as one JSON document.
//
//     node list_with_javascript.mjs        in a folder that has @aws-sdk/client-iam and @aws-sdk/client-accessanalyzer
//
// Endpoint, region and credentials come from the environment.

import { createRequire } from "node:module";
import { join } from "node:path";

const installed = createRequire(join(process.cwd(), "package.json"));
const { IAMClient, GetRoleCommand, ...iam } = installed("@aws-sdk/client-iam");
const { AccessAnalyzerClient, ...analyzer } = installed("@aws-sdk/client-accessanalyzer");

const account = "arn:aws:iam::111122223333";
const external = "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/account-external";
const clients = { iam: new IAMClient({}), analyzer: new AccessAnalyzerClient({}) };

const pages = async (paginate, client, input, pageSize) => {
  const found = [];
  for await (const { $metadata, Marker, nextToken, ...page } of paginate({ client, pageSize }, input)) {
    found.push(page);
  }
  return found;
};

const missing = await clients.iam
  .send(new GetRoleCommand({ RoleName: "NoSuchRole" }))
  .catch((error) => ({ code: error.name, status: error.$metadata.httpStatusCode }));

// boto3 decodes policy documents, this SDK doesn't.
const decoded = (name, value) => (name.endsWith("PolicyDocument") ? JSON.parse(decodeURIComponent(value)) : value);

const answers = {
  versions: await pages(iam.paginateListPolicyVersions, clients.iam, { PolicyArn: `${account}:policy/DeployPolicy` }, 2),
  roles: await pages(iam.paginateListRoles, clients.iam, {}),
  groups: await pages(iam.paginateListGroups, clients.iam, {}),
  generations: await pages(analyzer.paginateListPolicyGenerations, clients.analyzer, {}),
  findings: await pages(analyzer.paginateListFindings, clients.analyzer, { analyzerArn: external }),
  missing,
};
console.log(JSON.stringify(answers, decoded));
