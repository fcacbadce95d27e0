// The proxy's own environment, handed to a plugin.
import { shown } from "../../read/tree-access.ts";
import type { Rule } from "../rule.ts";

const secret =
  /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|PRIVATE|KEY|APIKEY|AUTH|CERT|KUBECONFIG|DSN|COOKIE)(?:_|$)|^(?:AWS|AZURE|GOOGLE|GCP|VAULT)_/i;

export const hostEnvironment: Rule = {
  id: "host-environment",
  level: "warning",
  looksAt: "environment variables of plugins",
  fix: null,
  summary: "a secret of the proxy's environment that a plugin is shown",
  use: ({ environment, name }, _, say) => {
    for (const variable of environment.host) {
      if (secret.test(variable.value)) {
        say(variable.at, { variable: shown(variable.value), name: name.value });
      }
    }
  },
};
