-- Whether a generation that is gone was this caller's.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id, 2 caller
-- Returns 1 | 0 (it was not, or that is not remembered any more)
local base, id, caller = KEYS[1], ARGV[1], ARGV[2]
local function is_in(set) return type(redis.pcall('ZSCORE', base .. set .. caller, id)) == 'string' end
return (is_in('of:') or is_in('go:')) and 1 or 0
