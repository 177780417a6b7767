#include "app/git_credential.h"

#include "app/token_source.h"

namespace grokauth::app {

namespace {

// git sends its request within the second.
constexpr std::chrono::seconds kMinValidity{60};

}  // namespace

const Profile* FindProfileFor(const CredentialRequest& request,
                              const std::vector<Profile>& profiles) {
  const Profile* found = nullptr;
  std::size_t longest = 0;
  for (const Profile& profile : profiles) {
    for (const GitHost& host : profile.git_hosts) {
      const bool is_better = found == nullptr || host.path.size() > longest;
      if (is_better && Matches(host, request, profile.allow_http_loopback)) {
        found = &profile;
        longest = host.path.size();
      }
    }
  }
  return found;
}

void AnswerCredentialRequest(Context& context, const CredentialRequest& request,
                             bool no_interactive) {
  const bool is_person_there =
      context.environment.git_may_prompt && context.edges.terminal.GetScreen().has_value();
  TokenOptions options;
  options.no_interactive = no_interactive || !is_person_there;
  Demand demand;
  demand.min_validity = kMinValidity;
  const Handout handout = GetToken(context, options, demand);
  std::string text = MakeCredentialText({request.username.value_or(context.profile.git_username),
                                         handout.access_token, handout.expires_at},
                                        WantsBearer(request));
  context.edges.terminal.WriteAnswer(text);
  oauth::Wipe(text);
}

void EraseCredential(Context& context, const CredentialRequest& request) {
  const std::optional<std::string>& token =
      request.credential ? request.credential : request.password;
  if (token && RejectToken(context, *token, kWriteLockPatience)) {
    context.store.DropMirror();
  }
}

}  // namespace grokauth::app
