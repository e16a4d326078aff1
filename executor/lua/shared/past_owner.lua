-- Whether a generation is remembered as this caller's.
local function is_remembered_of(base, id, caller)
  local function is_in(set) return type(redis.pcall('ZSCORE', base .. set .. caller, id)) == 'string' end
  return is_in('of:') or is_in('go:')
end
