// SQLite: an in-memory database; inserts, an index, joins, grouping, text functions and updates.
#include "driver.h"
#include "sqlite3.h"

static int no_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
  file->pMethods = NULL;
  return SQLITE_CANTOPEN;
}
static int no_delete(sqlite3_vfs *vfs, const char *name, int sync) { return SQLITE_OK; }
static int no_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
  *out = 0;
  return SQLITE_OK;
}
static int same_path(sqlite3_vfs *vfs, const char *name, int size, char *out) {
  strncpy(out, name, (size_t)size);
  return SQLITE_OK;
}
static int fill_random(sqlite3_vfs *vfs, int size, char *out) {
  memset(out, 7, (size_t)size);
  return size;
}
static int no_sleep(sqlite3_vfs *vfs, int microseconds) { return 0; }
static int one_time(sqlite3_vfs *vfs, double *out) {
  *out = 2460000.5;
  return SQLITE_OK;
}

/** There is no operating system below: all data stays in memory. */
int sqlite3_os_init(void) {
  static sqlite3_vfs memory = {
      .iVersion = 1,
      .szOsFile = sizeof(sqlite3_file),
      .mxPathname = 64,
      .zName = "none",
      .xOpen = no_open,
      .xDelete = no_delete,
      .xAccess = no_access,
      .xFullPathname = same_path,
      .xRandomness = fill_random,
      .xSleep = no_sleep,
      .xCurrentTime = one_time,
  };
  return sqlite3_vfs_register(&memory, 1);
}
int sqlite3_os_end(void) { return SQLITE_OK; }

static sqlite3 *db;

static void run(const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) __builtin_trap();
}

static uint32_t query(uint32_t sum, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) __builtin_trap();
  while (sqlite3_step(statement) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
      const char *text = (const char *)sqlite3_column_text(statement, i);
      sum = mix_bytes(sum, text, text == NULL ? 0 : strlen(text));
    }
  }
  sqlite3_finalize(statement);
  return sum;
}

static void insert(int rows) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(db, "INSERT INTO orders VALUES (?, ?, ?, ?)", -1, &statement, NULL) != SQLITE_OK) {
    __builtin_trap();
  }
  char note[48];
  for (int i = 0; i < rows; i++) {
    fill_text(note, sizeof note);
    sqlite3_bind_int(statement, 1, i);
    sqlite3_bind_int(statement, 2, (int)(next_random() % 40));
    sqlite3_bind_double(statement, 3, next_random() % 10000 / 100.0);
    sqlite3_bind_text(statement, 4, note, sizeof note, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_DONE) __builtin_trap();
    sqlite3_reset(statement);
  }
  sqlite3_finalize(statement);
}

EXPORT(bench) int32_t bench(int32_t n) {
  uint32_t sum = 2166136261u;
  random_state = 0x9e3779b9u;
  if (db == NULL && sqlite3_open(":memory:", &db) != SQLITE_OK) __builtin_trap();
  for (int32_t i = 0; i < n; i++) {
    run("DROP TABLE IF EXISTS orders; DROP TABLE IF EXISTS tenants;"
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, tenant INTEGER, price REAL, note TEXT);"
        "CREATE TABLE tenants (id INTEGER PRIMARY KEY, name TEXT); BEGIN");
    insert(800);
    run("INSERT INTO tenants WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 39)"
        " SELECT i, printf('tenant-%03d', i) FROM k;"
        "CREATE INDEX by_tenant ON orders (tenant); COMMIT");
    sum = query(sum, "SELECT name, count(*), round(sum(price), 2) FROM orders JOIN tenants ON tenant = tenants.id"
                     " GROUP BY name HAVING count(*) > 3 ORDER BY 3 DESC");
    sum = query(sum, "SELECT id, upper(substr(note, 1, 9)) FROM orders WHERE note LIKE '%cache=hit%' ORDER BY note");
    sum = query(sum, "SELECT count(*) FROM orders a JOIN orders b ON a.tenant = b.tenant WHERE a.price < b.price");
    run("UPDATE orders SET price = price * 1.1 WHERE tenant BETWEEN 5 AND 15; DELETE FROM orders WHERE id % 3 = 0");
    sum = query(sum, "SELECT round(avg(price), 3), max(note) FROM orders");
  }
  return (int32_t)sum;
}
