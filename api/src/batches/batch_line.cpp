#include "batches/batch_line.hpp"

#include <utility>

#include "shunt/base/display_text.hpp"

namespace shunt::api::batches {
namespace {

struct Faulty {
  std::uint64_t line;
  [[nodiscard]] BatchFault operator()(std::string code, std::string message, std::string param = {}) const {
    return {.code = std::move(code), .message = std::move(message), .param = std::move(param), .line = line};
  }
  [[nodiscard]] BatchFault missing(std::string_view name) const {
    return (*this)("missing_required_parameter", "\"" + std::string(name) + "\" is missing",
                   std::string(name));
  }
};

const Json* member(const JsonObject& object, std::string_view name) {
  return object.if_contains(name);
}

bool is_known(std::string_view name) {
  return name == "custom_id" || name == "method" || name == "url" || name == "body";
}

std::optional<BatchFault> check_custom_id(const JsonObject& line, const Faulty& faulty) {
  const Json* const id = member(line, "custom_id");
  if (id == nullptr) return faulty.missing("custom_id");
  if (id->is_string() && !id->get_string().empty() && id->get_string().size() <= kMaxCustomIdBytes)
    return std::nullopt;
  return faulty("invalid_custom_id",
                "\"custom_id\" must be a text of 1 to " + std::to_string(kMaxCustomIdBytes) + " bytes",
                "custom_id");
}

std::optional<BatchFault> check_method(const JsonObject& line, const Faulty& faulty) {
  const Json* const method = member(line, "method");
  if (method == nullptr) return faulty.missing("method");
  if (method->is_string() && method->get_string() == "POST") return std::nullopt;
  return faulty("invalid_method", "\"method\" must be \"POST\", got " + excerpt(to_json_text(*method)),
                "method");
}

std::optional<BatchFault> check_url(const JsonObject& line, std::string_view endpoint, const Faulty& faulty) {
  const Json* const url = member(line, "url");
  if (url == nullptr) return faulty.missing("url");
  if (url->is_string() && std::string_view(url->get_string()) == endpoint) return std::nullopt;
  return faulty("invalid_url",
                "\"url\" must be the batch's endpoint \"" + std::string(endpoint) + "\", got " +
                    excerpt(to_json_text(*url)),
                "url");
}

std::optional<BatchFault> check_members(const JsonObject& line, std::string_view endpoint,
                                        const Faulty& faulty) {
  if (auto fault = check_custom_id(line, faulty)) return fault;
  if (auto fault = check_method(line, faulty)) return fault;
  if (auto fault = check_url(line, endpoint, faulty)) return fault;
  const Json* const body = member(line, "body");
  if (body == nullptr) return faulty.missing("body");
  if (!body->is_object()) {
    return faulty("invalid_body", "\"body\" must be an object, got " + std::string(json_kind_name(*body)),
                  "body");
  }
  for (const auto& each : line) {
    const std::string_view name = each.key();
    if (!is_known(name)) {
      return faulty("unknown_parameter", "\"" + excerpt(name) + "\" is not known in a line", excerpt(name));
    }
  }
  return std::nullopt;
}

}  // namespace

std::variant<BatchLine, BatchFault> read_batch_line(const FileLine& line, std::string_view endpoint,
                                                    const JsonLimits& limits) {
  const Faulty faulty{line.number};
  if (line.too_long) {
    return faulty("line_too_long", "the line has more bytes than batches.max_line_bytes allows");
  }
  auto parsed = parse_json(line.text, limits);
  if (!parsed) return faulty("invalid_json_line", "the line is not usable JSON: " + parsed.error().message);
  if (!parsed->is_object()) {
    return faulty("invalid_json_line",
                  "the line must be an object, got " + std::string(json_kind_name(*parsed)));
  }
  JsonObject& object = parsed->get_object();
  if (auto fault = check_members(object, endpoint, faulty)) return std::move(*fault);
  BatchLine read{.number = line.number};
  read.custom_id = std::string(object.at("custom_id").get_string());
  read.body = std::move(object.at("body").get_object());
  return read;
}

}  // namespace shunt::api::batches
