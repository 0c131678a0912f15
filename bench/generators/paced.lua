-- Each connection waits between its requests, so that all of them together send at about a rate.
-- First argument: the mean wait, ms.
dofile(debug.getinfo(1, 'S').source:match('^@(.*/)') .. 'report.lua')

local mean = 0

function init(args)
  mean = tonumber(args[1])
end

function delay()
  return math.random(0, 2 * mean)
end
