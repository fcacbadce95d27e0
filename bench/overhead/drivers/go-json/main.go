// encoding/json: documents into structs and maps and back.
package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"unsafe"
)

type item struct {
	ID    int               `json:"id"`
	Name  string            `json:"name"`
	Price float64           `json:"price"`
	Tags  []string          `json:"tags,omitempty"`
	Attrs map[string]string `json:"attrs"`
}

var text = document()

func document() []byte {
	var out strings.Builder
	out.WriteString(`{"items":[`)
	for i := range 60 {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, `{"id":%d,"name":"item \"%d\" \u00e9","price":%d.%d,"tags":["a%d","b","c"],"attrs":{"k%d":"v","z":"%d"}}`,
			i, i*7, i, i%10, i%5, i%3, i)
	}
	out.WriteString(`],"next":null,"total":60}`)
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
		var typed struct {
			Items []item `json:"items"`
			Total int    `json:"total"`
		}
		var loose map[string]any
		if json.Unmarshal(text, &typed) != nil || json.Unmarshal(text, &loose) != nil {
			panic("not read")
		}
		typed.Total += len(loose)
		first, err := json.Marshal(typed)
		if err != nil {
			panic(err)
		}
		second, err := json.MarshalIndent(loose, "", " ")
		if err != nil {
			panic(err)
		}
		sum.Write(first)
		sum.Write(second)
	}
	return int32(sum.Sum32())
}

func main() {}
