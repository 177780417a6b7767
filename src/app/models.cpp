#include "app/models.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "app/api_base.h"
#include "app/api_verdict.h"
#include "app/exchange.h"
#include "app/model_cache.h"
#include "app/output.h"
#include "app/token_source.h"

namespace grokauth::app {

namespace {

// One request, sent at once: the token need not outlast more.
constexpr std::chrono::seconds kMinValidity{60};
constexpr const char* kModelsPath = "/models";

/// The server cannot be asked now; what is kept will have to do.
struct Unreachable {
  Error error;
};

Handout GetModelsToken(Context& context) {
  Demand demand;
  demand.min_validity = kMinValidity;
  return GetToken(context, demand);
}

ApiVerdict Ask(Context& context, const Handout& token) {
  return JudgeApiAnswer(GetFromApi(context, kModelsPath, token.access_token), context.profile,
                        RequireApiBase(context.profile, context.environment));
}

/// The token that comes after a refused one; the same one where nothing can renew it: it may still
/// do elsewhere.
Handout Replace(Context& context, const Handout& token, const TokenRefused& refused) {
  const StoredLogin login = context.store.Load();
  if (login.tokens && login.tokens->credential == Credential::kApiKey) {
    throw MakeKeyRefused(refused, context.profile);
  }
  if (!login.trouble && !CanRefresh(login, context.profile)) {
    return token;
  }
  TryRejectToken(context, token.access_token);
  try {
    return GetModelsToken(context);
  } catch (const Error& error) {
    throw Error(error.kind(),
                "the server refuses the token (" + refused.reason + "); " + error.what(),
                error.hint());
  }
}

/// Asks with the stored token and, when the server refuses it, once more with a new one.
ApiVerdict AskTwice(Context& context, Handout& token) {
  ApiVerdict first = Ask(context, token);
  const auto* refused = std::get_if<TokenRefused>(&first);
  if (refused == nullptr) {
    return first;
  }
  const std::string api_base = RequireApiBase(context.profile, context.environment);
  Handout next = Replace(context, token, *refused);
  const bool is_same = next.access_token == token.access_token;
  oauth::Wipe(token.access_token);
  token = std::move(next);
  if (is_same) {
    throw MakeRefusedAgain(*refused, is_same, context.profile, api_base);
  }
  ApiVerdict second = Ask(context, token);
  if (const auto* again = std::get_if<TokenRefused>(&second)) {
    throw MakeRefusedAgain(*again, is_same, context.profile, api_base);
  }
  return second;
}

ModelList ReadAnswer(Context& context, const ApiAnswer& answer) {
  std::optional<std::vector<std::string>> models = ParseModels(answer.body);
  if (!models) {
    throw Error(ErrorKind::kServer,
                "the request for the models failed: the server's answer is no list of models",
                "check api_base of profile '" + context.profile.name + "', or try again later");
  }
  return {*std::move(models), context.edges.clock.Now()};
}

/// What the server says now. Throws what is no question of the moment.
std::variant<ModelList, Unreachable> Fetch(Context& context) {
  Handout token;
  std::optional<ApiVerdict> verdict;
  try {
    token = GetModelsToken(context);
    verdict = AskTwice(context, token);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNetwork || error.kind() == ErrorKind::kServer) {
      return Unreachable{error};  // the token could not be renewed now
    }
    throw;
  }
  oauth::Wipe(token.access_token);
  if (const auto* failed = std::get_if<ApiFailed>(&*verdict)) {
    if (failed->is_transient) {
      return Unreachable{failed->error};
    }
    throw Error(failed->error);
  }
  ModelList list = ReadAnswer(context, std::get<ApiAnswer>(*verdict));
  KeepModels(context, token.version.store_id, list);
  return list;
}

struct Shown {
  ModelList list;
  bool is_stale = false;  ///< the server was to be asked, and could not be
};

Shown Look(Context& context, bool force) {
  std::optional<ModelList> kept = ReadCachedModels(context);
  const UnixTime now = context.edges.clock.Now();
  if (kept && !force && IsFresh(*kept, now)) {
    context.messages.Detail("the list of models is " + FormatDuration(now - kept->fetched_at) +
                            " old");
    return {*std::move(kept), false};
  }
  std::variant<ModelList, Unreachable> fetched = Fetch(context);
  if (auto* list = std::get_if<ModelList>(&fetched)) {
    return {std::move(*list), false};
  }
  const Error& error = std::get<Unreachable>(fetched).error;
  if (!kept) {
    throw Error(error);
  }
  context.messages.Warn("this list is " + FormatDuration(now - kept->fetched_at) +
                        " old: " + error.what() + "; " + error.hint());
  return {*std::move(kept), true};
}

std::string MakeTable(const std::vector<Model>& models) {
  const std::string title = "MODEL";
  std::size_t width = title.size();
  for (const Model& model : models) {
    width = std::max(width, model.id.size());
  }
  const auto row = [width](const std::string& id, const std::string& lane) {
    return id + std::string(width - id.size() + 2, ' ') + lane + "\n";
  };
  std::string table = row(title, "LANE");
  for (const Model& model : models) {
    table +=
        row(model.id, std::string(LaneWord(model.lane)) + (model.is_default ? "  (default)" : ""));
  }
  return table;
}

std::string MakeJson(const Shown& shown, const std::vector<Model>& models) {
  oauth::JsonObject answer;
  answer.Set("ok", true)
      .Set("models", MakeModelObjects(models))
      .Set("fetched_at", FormatTime(shown.list.fetched_at))
      .Set("stale", shown.is_stale);
  return answer.Text() + "\n";
}

}  // namespace

void PrintModels(Context& context, const ModelsOptions& options) {
  static_cast<void>(RequireApiBase(context.profile, context.environment));
  const std::string warning = ChooseApiBase(context.profile, context.environment).warning;
  if (!warning.empty()) {
    context.messages.Warn(warning);
  }
  const Shown shown = Look(context, options.force);
  const std::vector<Model> models = ListModels(shown.list, options.all);
  if (models.empty()) {
    context.messages.Say("There are image and video models only; --all shows them.");
  }
  context.edges.terminal.WriteAnswer(options.format == ModelsFormat::kJson ? MakeJson(shown, models)
                                                                           : MakeTable(models));
}

}  // namespace grokauth::app
