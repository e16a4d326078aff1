#include "shunt/generation/model_registry.hpp"

#include <gtest/gtest.h>

namespace shunt::generation {
namespace {

Model named(std::string name) {
  Model model;
  model.name = std::move(name);
  return model;
}

TEST(ModelRegistry, FindsWhatWasAddedAndRefusesBadAndTakenNames) {
  ModelRegistry models;
  EXPECT_TRUE(models.add(named("llama-3.1:8b")).ok());
  EXPECT_NE(models.find("llama-3.1:8b"), nullptr);
  EXPECT_EQ(models.find("other"), nullptr);
  const std::string names[] = {"", "with space", "caf\u00e9", std::string(129, 'a'), "llama-3.1:8b"};
  for (const std::string& name : names) {
    EXPECT_FALSE(models.add(named(name)).ok()) << name;
  }
  EXPECT_EQ(models.all().size(), 1U);
}

}  // namespace
}  // namespace shunt::generation
