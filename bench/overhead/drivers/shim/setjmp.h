// Stands in for <setjmp.h>, which WebAssembly without exceptions cannot have: the driver's script raises no
// error, so a throw is a trap and a try is plain code.
#ifndef SHIM_SETJMP_H
#define SHIM_SETJMP_H
#define luai_jmpbuf int
#define LUAI_THROW(L, c) __builtin_trap()
#define LUAI_TRY(L, c, a) { a }
#endif
