// Stands in for <signal.h>, which WASI lacks: the only thing used is the type of a flag.
#ifndef SHIM_SIGNAL_H
#define SHIM_SIGNAL_H
typedef int sig_atomic_t;
#endif
