// regexp: searches, submatches and replacement over a log.
package main

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strings"
	"unsafe"
)

var patterns = []*regexp.Regexp{
	regexp.MustCompile(`(GET|POST) (/[a-z0-9/._-]+)`),
	regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.(\d+)`),
	regexp.MustCompile(`(?i)mozilla/(\d)\.(\d).*cluster=`),
	regexp.MustCompile(`(password|token|secret)=([^& ]*)`),
}

var text = document()

func document() string {
	var out strings.Builder
	for i := range 60 {
		fmt.Fprintf(&out, "10.2.%d.%d GET /api/v2/orders/%d?token=%x&page=%d HTTP/1.1 %d Mozilla/5.0 cluster=eu-%d\n",
			i%7, i*3%251, i*7919, i*104729, i, 200+i%5, i%3)
	}
	return out.String()
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
		for _, pattern := range patterns {
			for _, at := range pattern.FindAllStringSubmatchIndex(text, -1) {
				sum.Write([]byte{byte(at[0]), byte(at[len(at)-1])})
			}
		}
		sum.Write([]byte(patterns[3].ReplaceAllString(text, "$1=***")))
	}
	return int32(sum.Sum32())
}

func main() {}
