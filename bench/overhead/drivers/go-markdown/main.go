// goldmark: a page of Markdown into HTML.
package main

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"strings"
	"unsafe"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM))

var text = document()

func document() []byte {
	var out strings.Builder
	for i := range 12 {
		fmt.Fprintf(&out, "# Part %d\n\nSome *words* with `code` and a [link](https://example.com/%d \"title\").\n\n", i, i)
		fmt.Fprintf(&out, "- one **bold %d**\n- two ~~gone~~\n  1. inner\n  2. more\n\n> quoted & <b>raw</b>\n\n", i)
		fmt.Fprintf(&out, "| a | b |\n|---|--:|\n| %d | x |\n| y | `z` |\n\n```go\nfunc f() int { return %d }\n```\n\n", i, i)
	}
	return []byte(out.String())
}

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

var pinned [][]byte

//go:wasmexport proxy_on_memory_allocate
func allocate(size uint32) unsafe.Pointer {
	block := make([]byte, size+1)
	pinned = append(pinned, block)
	return unsafe.Pointer(unsafe.SliceData(block))
}

//go:wasmexport bench
func bench(n int32) int32 {
	sum := fnv.New32a()
	for range n {
		var out bytes.Buffer
		if err := markdown.Convert(text, &out); err != nil {
			panic(err)
		}
		sum.Write(out.Bytes())
	}
	return int32(sum.Sum32())
}

func main() {}
