// How much of a disk fetched and hardened modules may have without being asked: about a hundred of the largest ones.
export const MODULE_CACHE_BYTES = 2 * 1024 ** 3;
