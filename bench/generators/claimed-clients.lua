-- Every request claims one of 100,000 fixed addresses. See addresses.ts, which lists the same ones.
dofile(debug.getinfo(1, 'S').source:match('^@(.*/)') .. 'report.lua')

local first = {1, 14, 27, 36, 42, 58, 61, 101, 106, 111, 113, 114, 120, 125, 175, 180, 202, 218, 222, 223, 8, 66}
local clients = 100000
local requests = {}

function init(args)
  math.randomseed(1)
  for i = 0, clients - 1 do
    local rest = (i * 7919) % 16777216
    local address = string.format('%d.%d.%d.%d', first[i % #first + 1],
      math.floor(rest / 65536), math.floor(rest / 256) % 256, rest % 256)
    requests[i] = wrk.format('GET', wrk.path, {['Host'] = wrk.headers['Host'], ['X-Forwarded-For'] = address})
  end
end

function request()
  return requests[math.random(0, clients - 1)]
end
