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

class CountedGenerator final : public Generator {
 public:
  explicit CountedGenerator(int& alive) : alive_(alive) { ++alive_; }
  ~CountedGenerator() override { --alive_; }
  void start(std::shared_ptr<GenerationRun> /*run*/) override {}

 private:
  int& alive_;
};

Model run_by(std::string name, int& alive) {
  Model model = named(std::move(name));
  model.generator = std::make_shared<CountedGenerator>(alive);
  return model;
}

TEST(ModelRegistry, AReplacedModelLivesAsLongAsSomebodyHasIt) {
  int old_one = 0;
  int new_one = 0;
  ModelRegistry models;
  ASSERT_TRUE(models.add(run_by("a", old_one)).ok());
  auto held = models.find("a");
  const ModelSnapshot before = models.all();
  ModelRegistry fresh;
  ASSERT_TRUE(fresh.add(run_by("a", new_one)).ok());
  ASSERT_TRUE(fresh.add(run_by("b", new_one)).ok());
  models.replace(std::move(fresh));
  EXPECT_EQ(before.size(), 1U);
  EXPECT_EQ(models.all().size(), 2U);
  EXPECT_NE(models.find("a"), held);
  EXPECT_EQ(old_one, 1);
  EXPECT_EQ(new_one, 2);
  models.replace(ModelRegistry());
  EXPECT_EQ(new_one, 0) << "nobody had them any more";
  EXPECT_EQ(models.find("a"), nullptr);
}

TEST(ModelRegistry, ASharedModelIsTheSameObjectAfterwards) {
  int alive = 0;
  ModelRegistry models;
  ASSERT_TRUE(models.add(run_by("a", alive)).ok());
  const Model* const before = models.find("a").get();
  for (int i = 0; i < 3; ++i) {
    ModelRegistry fresh;
    ASSERT_TRUE(fresh.share(models.find("a")).ok());
    EXPECT_FALSE(fresh.share(models.find("a")).ok()) << "the name is taken";
    models.replace(std::move(fresh));
    EXPECT_EQ(models.find("a").get(), before);
  }
  EXPECT_EQ(alive, 1);
}

TEST(ModelRegistry, ItsEndEndsTheGeneratorsWhoeverHasAModelStill) {
  int alive = 0;
  std::vector<std::shared_ptr<const Model>> held;
  {
    ModelRegistry models;
    ASSERT_TRUE(models.add(run_by("a", alive)).ok());
    held.push_back(models.find("a"));
    ModelRegistry fresh;
    ASSERT_TRUE(fresh.add(run_by("a", alive)).ok());
    models.replace(std::move(fresh));
    held.push_back(models.find("a"));
    ModelRegistry thrown_away;
    ASSERT_TRUE(thrown_away.share(models.find("a")).ok());
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
}

TEST(ModelRegistry, TellsItsFollowersUntilTheyGo) {
  int told = 0;
  ModelRegistry::Follower late;
  {
    ModelRegistry models;
    auto follower = models.follow([&told] { ++told; });
    late = models.follow([&told] { told += 10; });
    models.replace(ModelRegistry());
    EXPECT_EQ(told, 11);
    follower = {};
    models.replace(ModelRegistry());
    EXPECT_EQ(told, 21);
  }
  late = {};
}

}  // namespace
}  // namespace shunt::generation
