// Prints envelopes as the code encodes them, one a line, for validate_envelopes.py.
#include <cstdio>

#include "shunt/generation/envelope.hpp"

int main() {
  shunt::generation::GenerationIdSource ids(shunt::base::system_clock());
  shunt::generation::Envelope envelope;
  envelope.admission = {"sync", "queue_disabled"};
  envelope.request.model = "speech";
  for (int i = 0; i < 100; ++i) {
    envelope.id = ids.next();
    envelope.created_at = shunt::base::system_clock().now();
    if (i % 2 == 1) envelope.deadline = envelope.created_at + std::chrono::seconds(i);
    if (i % 3 == 1)
      envelope.request.input = shunt::base::JsonObject{{"text", "h\u00e9"}, {"n", i}, {"deep", {1, {2.5}}}};
    if (i % 5 == 1)
      envelope.request.context = {"00-ab-cd-01",        "a=b",          "acme", {{"locale", "de"}},
                                  {{"name", "openai"}}, {{"new", true}}};
    if (i % 7 == 1) envelope.request.options = {std::chrono::milliseconds(i), {{"order", i}}, {}};
    if (i % 9 == 1) {
      envelope.request.files = {
          {"image",
           {.sha256 = std::string(64, 'a'), .bytes = 7, .media_type = "image/png", .filename = "c.png"}}};
    }
    if (i % 9 == 3)
      envelope.request.files.emplace("file-" + std::string(32, 'b'), envelope.request.files["image"]);
    if (i % 9 == 5) envelope.request.files.clear();
    if (i % 11 == 1) envelope.unknown = {{"later", nullptr}};
    const auto text = shunt::generation::encode_envelope(envelope);
    if (!text) {
      std::fprintf(stderr, "%s\n", text.error().message.c_str());
      return 1;
    }
    std::puts(text->c_str());
  }
  return 0;
}
