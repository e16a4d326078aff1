#pragma once

#include <functional>
#include <utility>

#include "shunt/api/namespace.hpp"
#include "shunt/executor/generation_executor.hpp"

namespace shunt::api {

// Stands where the executor does in a server that only answers probes (Surface::kProbes): it can be described
// and nothing else, since no route leads to the rest.
class ProbedProcess final : public executor::GenerationExecutor {
 public:
  explicit ProbedProcess(std::function<executor::ExecutorDescription()> describe)
      : describe_(std::move(describe)) {}

  void submit(GenerationRequest, std::function<void(executor::SubmitOutcome)> done) override {
    done(executor::Refused{nothing_here(), {}});
  }
  void find(const GenerationId&, std::function<void(Result<executor::FindOutcome>)> done) override {
    done(nothing_here());
  }
  void list(const ListQuery&, std::function<void(Result<executor::RecordPage>)> done) override {
    done(nothing_here());
  }
  void cancel(const GenerationId&, std::string,
              std::function<void(Result<executor::CancelOutcome>)> done) override {
    done(nothing_here());
  }
  void watch(const GenerationId&, const WatchOptions&,
             std::function<void(Result<executor::WatchOutcome>)> done) override {
    done(nothing_here());
  }
  void read(const Artifact&, std::size_t, std::size_t,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override {
    done(nothing_here());
  }
  void load(const Artifact&, std::function<void(Result<std::shared_ptr<const std::string>>)> done) override {
    done(nothing_here());
  }
  void request_of(const GenerationId&, std::function<void(Result<executor::RequestOutcome>)> done) override {
    done(nothing_here());
  }
  void remove(const GenerationId&, std::function<void(Result<executor::RemoveOutcome>)> done) override {
    done(nothing_here());
  }
  void was_of(const GenerationId&, std::string, std::function<void(Result<bool>)> done) override {
    done(nothing_here());
  }
  void fleet(std::function<void(Result<executor::Fleet>)> done) override { done(nothing_here()); }
  void drain(std::chrono::milliseconds, std::function<void(executor::DrainReport)> done) override {
    done({});
  }
  [[nodiscard]] executor::ExecutorDescription describe() const override { return describe_(); }

 private:
  static Error nothing_here() { return {"route_unknown", "this process only answers probes"}; }

  const std::function<executor::ExecutorDescription()> describe_;
};

}  // namespace shunt::api
