# bench/bullmq/driver.mjs with Sidekiq, which has a format of its own. Several adds in flight are threads; a worker's
# concurrency is its threads. Its jobs have no result, so there is no latency here.
#   sidekiq_driver.rb PORT SCENARIO JOBS AT_ONCE PAYLOAD_BYTES
require "json"
require "sidekiq"
require "sidekiq/cli" # marks the process as a server, which has a connection for each thread
require "sidekiq/launcher"

WARM_UP_PART = 4 # as in the other drivers
MOST_THREADS = 16 # 100 took the same processor time for an add

PORT, SCENARIO, *NUMBERS = ARGV
JOBS, AT_ONCE, PAYLOAD_BYTES = NUMBERS.map(&:to_i)
TEXT = "x" * [0, PAYLOAD_BYTES - 24].max

Sidekiq.logger.level = Logger::FATAL
# Debian's redis gem is newer than its Sidekiq and would print a line for each command.
Redis.silence_deprecations = true
Redis.sadd_returns_boolean = false
Sidekiq.options[:concurrency] = AT_ONCE if SCENARIO == "process"
POOL = SCENARIO == "process" ? AT_ONCE + 5 : MOST_THREADS
Sidekiq.redis = { url: "redis://127.0.0.1:#{PORT}", size: POOL, pool_timeout: 60 }

DONE = Queue.new

class Nothing
  include Sidekiq::Worker
  def perform(_payload) = DONE << true
end

def payload(number) = { "n" => number, "text" => TEXT }

def wait_for_go
  puts "ready"
  $stdout.flush
  $stdin.gets
end

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
def cpu = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)

def add_all(name, count)
  if SCENARIO == "add"
    numbers = Queue.new((0...count).to_a).close
    lanes = Array.new([AT_ONCE, MOST_THREADS].min) do
      Thread.new do
        while (number = numbers.pop)
          Sidekiq::Client.push("queue" => name, "class" => Nothing, "args" => [payload(number)])
        end
      end
    end
    return lanes.each(&:join)
  end
  (0...count).each_slice(AT_ONCE) do |slice|
    Sidekiq::Client.push_bulk("queue" => name, "class" => Nothing, "args" => slice.map { |n| [payload(n)] })
  end
end

def process_all(name, count)
  launcher = Sidekiq::Launcher.new(Sidekiq.options.merge(queues: [name], concurrency: AT_ONCE, fetch: nil))
  launcher.run
  count.times { DONE.pop }
  launcher
end

def timed
  wait_for_go
  cpu_before, began = cpu, now
  ended = yield
  puts JSON.generate(jobs: JOBS, seconds: now - began, cpu_seconds: cpu - cpu_before)
  $stdout.flush
  ended
end

if SCENARIO == "process"
  process_all("warm", JOBS / WARM_UP_PART).stop
  timed { process_all("bench", JOBS) }.stop
else
  add_all("warm", JOBS / WARM_UP_PART)
  SCENARIO == "fill" ? add_all("bench", JOBS) : timed { add_all("bench", JOBS) }
end
