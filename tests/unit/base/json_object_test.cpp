#include <gtest/gtest.h>

#include "shunt/base/json_members.hpp"
#include "shunt/base/json_object_reader.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::base {
namespace {

using Presence = JsonObjectReader::Presence;

Error worded(const JsonObjectReader::Wrong& wrong) {
  const std::string got = wrong.got == nullptr ? "nothing" : std::string(json_kind_name(*wrong.got));
  return {"wrong_member", wrong.member_pointer() + ": " + std::string(wrong.expected) + ", " + got};
}

JsonObject object(std::string_view text) {
  return parse_json(text).value().get_object();
}

TEST(JsonObjectReader, ReadsMembersOfEachType) {
  const JsonObject given = object(R"({"t":"x","i":3,"n":1.5,"m":2,"b":true,"o":{"a":1},"v":[1]})");
  JsonObjectReader members(given, "", worded);
  EXPECT_EQ(members.text("t"), "x");
  EXPECT_EQ(members.integer("i"), 3);
  EXPECT_EQ(members.number("n"), 1.5);
  EXPECT_EQ(members.number("m"), 2.0);
  EXPECT_EQ(members.boolean("b"), true);
  EXPECT_EQ(members.object("o"), object(R"({"a":1})"));
  EXPECT_EQ(members.any("v"), Json(JsonArray{1}));
  EXPECT_FALSE(members.problem());
  EXPECT_EQ(given.size(), 7U) << "nothing was taken out of what is not to be moved";
}

TEST(JsonObjectReader, NamesTheFirstThingThatIsWrong) {
  struct Row {
    const char* text;
    void (*read)(JsonObjectReader&);
    const char* message;
  };
  const Row rows[] = {
      {"{}", [](auto& members) { (void)members.text("x"); }, "/at/x: a string, nothing"},
      {R"({"x":1})", [](auto& members) { (void)members.text("x"); }, "/at/x: a string, a number"},
      {R"({"x":null})", [](auto& members) { (void)members.text("x", Presence::kOptional); },
       "/at/x: a string, null"},
      {R"({"x":-1})", [](auto& members) { (void)members.integer("x"); },
       "/at/x: an integer from 0 on, a number"},
      {R"({"x":8})", [](auto& members) { (void)members.integer("x", Presence::kOptional, 7); },
       "/at/x: an integer from 0 to 7, a number"},
      {R"({"x":1.5})", [](auto& members) { (void)members.integer("x"); },
       "/at/x: an integer from 0 on, a number"},
      {R"({"x":"1"})", [](auto& members) { (void)members.number("x"); }, "/at/x: a number, a string"},
      {R"({"x":0})", [](auto& members) { (void)members.boolean("x"); }, "/at/x: a boolean, a number"},
      {R"({"x":[]})", [](auto& members) { (void)members.object("x"); }, "/at/x: an object, an array"},
      {"{}", [](auto& members) { (void)members.any("x"); }, "/at/x: a value, nothing"},
      {R"({"x":"odd"})", [](auto& members) { members.refuse("x", "an even word"); },
       "/at/x: an even word, a string"},
  };
  for (const Row& row : rows) {
    const JsonObject given = object(row.text);
    JsonObjectReader members(given, "/at", worded);
    row.read(members);
    ASSERT_TRUE(members.problem()) << row.text;
    EXPECT_EQ(members.problem()->message, row.message);
    (void)members.text("later");
    EXPECT_EQ(members.problem()->message, row.message) << "the first one stays";
  }
}

TEST(JsonObjectReader, OptionalMembersMayBeMissing) {
  const JsonObject nothing;
  JsonObjectReader members(nothing, "", worded);
  EXPECT_EQ(members.text("t", Presence::kOptional), "");
  EXPECT_FALSE(members.integer("i", Presence::kOptional));
  EXPECT_FALSE(members.number("n", Presence::kOptional));
  EXPECT_FALSE(members.boolean("b", Presence::kOptional));
  EXPECT_TRUE(members.object("o", Presence::kOptional).empty());
  EXPECT_FALSE(members.problem());
}

TEST(JsonObjectReader, KeepsWhatNobodyAskedFor) {
  JsonObject given = object(R"({"a":"x","new":[1],"o":{},"later":2})");
  JsonObjectReader members(std::move(given), "", worded);
  (void)members.text("a");
  (void)members.object("o");
  (void)members.find("a");
  EXPECT_EQ(members.rest(), object(R"({"new":[1],"later":2})"));
}

TEST(JsonObjectWriter, WritesMembersInTheirOrder) {
  std::string out = "x";
  JsonObjectWriter writer(out);
  writer.text("text", "a \"b\"");
  writer.number("size", std::size_t{3});
  writer.boolean("yes", true);
  writer.json("value", 0.5);
  writer.time("at", WallTime(std::chrono::milliseconds(42)));
  JsonObjectWriter inner = writer.object("inner");
  inner.close();
  writer.begin("list") += "[]";
  writer.members({{"odd \"name\"", nullptr}});
  writer.close();
  EXPECT_EQ(out, R"(x{"text":"a \"b\"","size":3,"yes":true,"value":0.5,"at":"1970-01-01T00:00:00.042Z",)"
                 R"("inner":{},"list":[],"odd \"name\"":null})");
}

TEST(JsonMembers, OfAnotherTypeReadAsEmpty) {
  const JsonObject given = object(R"({"t":1,"n":"x","b":1,"o":[],"a":{}})");
  for (const char* name : {"t", "n", "b", "o", "a", "missing"}) {
    EXPECT_EQ(text_in(given, name), name == std::string_view("n") ? "x" : "");
    EXPECT_FALSE(is_true_in(given, name));
    EXPECT_TRUE(object_in(given, name).empty());
    EXPECT_TRUE(array_in(given, name).empty());
  }
  EXPECT_EQ(number_in(given, "t"), 1);
  EXPECT_EQ(number_in(given, "n"), 0);
  EXPECT_EQ(find_object(given, "o"), nullptr);
  EXPECT_NE(find_object(given, "a"), nullptr);
}

}  // namespace
}  // namespace shunt::base
