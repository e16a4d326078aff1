-- Whether a generation that is gone was this caller's.
--
-- KEYS[1] base of the generations' keys
-- ARGV    1 id, 2 caller
-- Returns 1 | 0 (it was not, or that is not remembered any more)

-- @include past_owner

local base, id, caller = KEYS[1], ARGV[1], ARGV[2]
return is_remembered_of(base, id, caller) and 1 or 0
