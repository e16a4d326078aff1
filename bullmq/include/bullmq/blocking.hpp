#pragma once

// The library for programs without an event loop: ordinary functions that wait for their answer, callable
// from any thread, with the options, errors and deadlines of the coroutine API. None of these headers
// includes Boost.Asio.
#include "bullmq/blocking_client.hpp"
#include "bullmq/blocking_job.hpp"
#include "bullmq/blocking_processor.hpp"
#include "bullmq/blocking_queue.hpp"
#include "bullmq/blocking_queue_events.hpp"
#include "bullmq/blocking_worker.hpp"
#include "bullmq/error.hpp"
