-- GET of one address, again and again.
dofile("report.lua")
