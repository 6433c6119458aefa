// A real OpenID provider on loopback: one client, one signed-in person, no pages. Prints its port when it listens.
import http from "node:http";
import { Provider } from "oidc-provider";

const callback = "https://desk.example/callback";
const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "shouwang-desk", token_endpoint_auth_method: "none", redirect_uris: [callback],
        grant_types: ["authorization_code"], response_types: ["code"],
      },
      {
        client_id: "another", token_endpoint_auth_method: "none", redirect_uris: [callback],
        grant_types: ["authorization_code"], response_types: ["code"],
      },
    ],
    claims: { openid: ["sub", "preferred_username", "roles", "amr"] },
    conformIdTokenClaims: false,
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, preferred_username: sub.replace("person-", ""), roles: ["system"] }),
    }),
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/sign/${interaction.uid}` },
    cookies: { keys: ["only for this test"] },
  });
  const answer = provider.callback();
  server.on("request", async (request, response) => {
    if (!request.url.startsWith("/sign/")) return answer(request, response);
    const { params, prompt, session } = await provider.interactionDetails(request, response);
    if (prompt.name === "login") {
      return provider.interactionFinished(request, response, {
        login: { accountId: params.login_hint, amr: params.login_hint.includes("twice") ? ["pwd", "mfa"] : ["pwd"] },
      });
    }
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope("openid");
    const consent = { grantId: await grant.save() };
    return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
  });
  process.stdout.write(`${server.address().port}\n`);
});
