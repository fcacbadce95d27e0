module glovebox.dev/bench/go-json

go 1.24
