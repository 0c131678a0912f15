-- Every request asks for one of a million accounts, picked at random: the path, then u0 to u999999.
dofile(debug.getinfo(1, 'S').source:match('^@(.*/)') .. 'report.lua')

local accounts = 1000000
local before, after

function init(args)
  math.randomseed(1)
  local whole = wrk.format('GET', wrk.path .. 'ACCOUNT', {['Host'] = wrk.headers['Host']})
  local from, to = whole:find('ACCOUNT', 1, true)
  before, after = whole:sub(1, from - 1) .. 'u', whole:sub(to + 1)
end

function request()
  return before .. math.random(0, accounts - 1) .. after
end
