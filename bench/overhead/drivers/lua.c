// Lua: recursion, tables, closures, sorting and string work, interpreted.
#include "driver.h"
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

static const char script[] =
    "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end\n"
    "local function sieve(n)\n"
    "  local marked, count = {}, 0\n"
    "  for i = 2, n do\n"
    "    if not marked[i] then count = count + 1; for k = i * i, n, i do marked[k] = true end end\n"
    "  end\n"
    "  return count\n"
    "end\n"
    "local function words(n)\n"
    "  local seen, keys = {}, {}\n"
    "  for i = 1, n do\n"
    "    local key = string.format('key-%d', (i * 7919) % 257)\n"
    "    if not seen[key] then keys[#keys + 1] = key end\n"
    "    seen[key] = (seen[key] or 0) + i\n"
    "  end\n"
    "  table.sort(keys, function(a, b) return a < b end)\n"
    "  local text = table.concat(keys, ',')\n"
    "  local digits = 0\n"
    "  for number in text:gmatch('%d+') do digits = digits + #number end\n"
    "  return digits + #text:gsub('key', 'value'):upper()\n"
    "end\n"
    "local Point = {}\n"
    "Point.__index = Point\n"
    "function Point.new(x, y) return setmetatable({ x = x, y = y }, Point) end\n"
    "function Point:add(o) return Point.new(self.x + o.x, self.y + o.y) end\n"
    "local function walk(n)\n"
    "  local at, step = Point.new(0, 0), Point.new(1, 2.5)\n"
    "  for _ = 1, n do at = at:add(step) end\n"
    "  return math.floor(at.x + at.y)\n"
    "end\n"
    "function round() return fib(17) + sieve(6000) + words(1500) + walk(6000) end\n";

static lua_State *state;

static void start(void) {
  state = luaL_newstate();
  luaL_requiref(state, LUA_GNAME, luaopen_base, 1);
  luaL_requiref(state, LUA_TABLIBNAME, luaopen_table, 1);
  luaL_requiref(state, LUA_STRLIBNAME, luaopen_string, 1);
  luaL_requiref(state, LUA_MATHLIBNAME, luaopen_math, 1);
  lua_settop(state, 0);
  if (luaL_dostring(state, script)) __builtin_trap();
}

EXPORT(bench) int32_t bench(int32_t n) {
  uint32_t sum = 2166136261u;
  if (state == NULL) start();
  for (int32_t i = 0; i < n; i++) {
    lua_getglobal(state, "round");
    lua_call(state, 0, 1);
    sum = mix(sum, (uint32_t)lua_tointeger(state, -1));
    lua_settop(state, 0);
  }
  return (int32_t)sum;
}
