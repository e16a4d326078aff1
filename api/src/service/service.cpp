#include "service/service.hpp"

#include "batches/batch_runner.hpp"

namespace shunt::api {

std::shared_ptr<batches::BatchRunner> Service::make_batches() {
  if (options.file_store == nullptr || options.batch_folder.empty() || surface != Surface::kAll)
    return nullptr;
  return std::make_shared<batches::BatchRunner>(batches::BatchFolder(options.batch_folder, options.faults),
                                                executor, models, live, urls, *options.file_store, memory,
                                                options.webhooks);
}

}  // namespace shunt::api
