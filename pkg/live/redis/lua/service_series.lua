#!lua flags=no-writes
-- Lists the countries in which services have been heard of lately: those that
-- are still among the changed series.
--
-- KEYS  1 changed  then for each service: countries
-- ARGV  for each service its name
--
-- Returns series.

local call, list = redis.call, {}
for at, service in ipairs(ARGV) do
  for _, country in ipairs(call('SMEMBERS', KEYS[at + 1])) do
    local series = service .. '/' .. country
    if call('ZSCORE', KEYS[1], series) then list[#list + 1] = series end
  end
end
return list
