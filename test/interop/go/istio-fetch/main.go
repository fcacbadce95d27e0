// What Istio's agent does with a module, by its own packages:
//
//	istio-fetch image REFERENCE FILE        pulls an image, writes the module, prints the digest that sha256 is compared with
//	istio-fetch get URL CHECKSUM FOLDER     through the agent's cache, as a WasmPlugin with this url and sha256 would
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"istio.io/istio/pkg/util/sets"
	"istio.io/istio/pkg/wasm"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	switch os.Args[1] {
	case "image":
		options := wasm.ImageFetcherOption{Insecure: true}
		fetch, digest, err := wasm.NewImageFetcher(context.Background(), options).PrepareFetch(os.Args[2])
		check(err)
		module, err := fetch()
		check(err)
		check(os.WriteFile(os.Args[3], module, 0o644))
		fmt.Println(digest)
	case "get":
		cache := wasm.NewLocalFileCache(os.Args[4], wasm.Options{
			PurgeInterval:         time.Hour,
			ModuleExpiry:          time.Hour,
			InsecureRegistries:    sets.New("*"),
			HTTPRequestTimeout:    5 * time.Second,
			HTTPRequestMaxRetries: 1,
		})
		file, err := cache.Get(os.Args[2], wasm.GetOptions{Checksum: os.Args[3], RequestTimeout: 5 * time.Second})
		check(err)
		fmt.Println(file)
	}
}
