#pragma once

#include <functional>
#include <stop_token>
#include <string>

namespace bullmq {

namespace blocking {
class Job;
}

// Does a job and returns its return value, a JSON text ("null" for nothing). An ordinary function, which may
// block and burn CPU: each call has a thread of the worker's pool to itself. What it throws is a failure;
// some exceptions mean more, see error.hpp. (Include bullmq/blocking_job.hpp for what it does with the job.)
//
// `stop` is requested when the job is cancelled: by cancel_job(), because its lock was lost, its time is up,
// or the worker closes. Look at it between steps, or wait with it (std::condition_variable_any); a
// std::stop_callback is called on the worker's thread. What becomes of a cancelled job is the processor's
// decision: it returns as usual, or throws.
//
// Nobody can stop a thread that does not look. After job_timeout, or close() with a deadline, such a
// processor is given up when WorkerOptions::cancel_grace is over: its job fails or goes back to the queue,
// and what the processor returns later is ignored. Its thread still counts as one of the worker's
// `concurrency` until it ends, so the machine is never asked for more than that; a worker all of whose
// threads are lost that way takes no jobs, and says so with an error event for each.
using BlockingProcessor = std::function<std::string(blocking::Job& job, std::stop_token stop)>;

}  // namespace bullmq
