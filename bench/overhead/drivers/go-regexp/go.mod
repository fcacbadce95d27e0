module glovebox.dev/bench/go-regexp

go 1.24
