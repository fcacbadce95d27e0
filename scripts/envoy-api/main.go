// Prints the Envoy API as lines of text, one a message or enum: names, numbers, types, oneofs, deprecations and
// validation rules, as the descriptors compiled into go-control-plane have them. Comments are not in
// descriptors, so none are printed. The imports are in imports.go, which scripts/envoy-api.mjs writes.
// The format is described where it is read: src/mesh/envoy/schema/schema.ts.
package main

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"sort"
	"strings"

	udpa "github.com/cncf/xds/go/udpa/annotations"
	envoyannotations "github.com/envoyproxy/go-control-plane/envoy/annotations"
	"github.com/envoyproxy/protoc-gen-validate/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Packages that the table holds. google.protobuf is known to the reader itself.
var kept = []string{"envoy.", "xds.", "udpa.type.", "google.rpc", "google.api.expr", "cel.expr", "opentelemetry.proto."}

// Definitions of annotations and the services' own wire messages are of no use to a reader of configuration.
var left = []string{"envoy.annotations", "xds.annotations", "udpa.annotations", "envoy.service.", "envoy.data.", "xds.service."}

func holds(list []string, name string) bool {
	for _, prefix := range list {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	packages := map[string][]protoreflect.FileDescriptor{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		name := string(file.Package())
		packages[name] = append(packages[name], file)
		return true
	})
	reached := map[string]bool{}
	for name, files := range packages {
		if holds(kept, name+".") && !holds(left, name+".") {
			for _, file := range files {
				reachAll(file.Messages(), reached)
				for i := 0; i < file.Enums().Len(); i++ {
					reached[string(file.Enums().Get(i).FullName())] = true
				}
			}
		}
	}
	names := []string{}
	for name := range packages {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		lines := []string{}
		for _, file := range packages[name] {
			lines = append(lines, enums(file.Enums(), name, reached)...)
			lines = append(lines, messages(file.Messages(), name, reached)...)
		}
		if len(lines) == 0 || strings.HasPrefix(name, "google.protobuf") {
			continue
		}
		sort.Strings(lines)
		fmt.Fprintf(out, "p %s\n%s\n", name, strings.Join(lines, "\n"))
	}
}

func reachAll(list protoreflect.MessageDescriptors, reached map[string]bool) {
	for i := 0; i < list.Len(); i++ {
		reach(list.Get(i), reached)
	}
}

// A message and all that its fields name, nested ones included.
func reach(message protoreflect.MessageDescriptor, reached map[string]bool) {
	name := string(message.FullName())
	if reached[name] {
		return
	}
	reached[name] = true
	reachAll(message.Messages(), reached)
	for i := 0; i < message.Enums().Len(); i++ {
		reached[string(message.Enums().Get(i).FullName())] = true
	}
	for i := 0; i < message.Fields().Len(); i++ {
		field := message.Fields().Get(i)
		if field.IsMap() {
			field = field.MapValue()
		}
		if field.Message() != nil {
			reach(field.Message(), reached)
		}
		if field.Enum() != nil {
			reached[string(field.Enum().FullName())] = true
		}
	}
}

func within(name protoreflect.FullName, pkg string) string {
	return strings.TrimPrefix(string(name), pkg+".")
}

func enums(list protoreflect.EnumDescriptors, pkg string, reached map[string]bool) []string {
	lines := []string{}
	for i := 0; i < list.Len(); i++ {
		enum := list.Get(i)
		if !reached[string(enum.FullName())] {
			continue
		}
		parts := []string{"e", within(enum.FullName(), pkg)}
		for j := 0; j < enum.Values().Len(); j++ {
			value := enum.Values().Get(j)
			text := fmt.Sprintf("%s=%d", value.Name(), value.Number())
			if proto.HasExtension(value.Options(), envoyannotations.E_DisallowedByDefaultEnum) {
				text += ",disallowed"
			}
			if since, ok := deprecation(value.Options(), envoyannotations.E_DeprecatedAtMinorVersionEnum); ok {
				text += ",deprecated=" + since
			}
			parts = append(parts, text)
		}
		lines = append(lines, strings.Join(parts, " "))
	}
	return lines
}

func messages(list protoreflect.MessageDescriptors, pkg string, reached map[string]bool) []string {
	lines := []string{}
	for i := 0; i < list.Len(); i++ {
		message := list.Get(i)
		lines = append(lines, enums(message.Enums(), pkg, reached)...)
		lines = append(lines, messages(message.Messages(), pkg, reached)...)
		if message.IsMapEntry() || !reached[string(message.FullName())] {
			continue
		}
		parts := []string{"m", within(message.FullName(), pkg)}
		for j := 0; j < message.Oneofs().Len(); j++ {
			oneof := message.Oneofs().Get(j)
			if required, _ := proto.GetExtension(oneof.Options(), validate.E_Required).(bool); required {
				parts = append(parts, "!"+string(oneof.Name()))
			}
		}
		for j := 0; j < message.Fields().Len(); j++ {
			parts = append(parts, field(message.Fields().Get(j), pkg))
		}
		lines = append(lines, strings.Join(parts, " "))
	}
	return lines
}

func typeOf(field protoreflect.FieldDescriptor, pkg string) string {
	full := protoreflect.FullName("")
	if field.Message() != nil {
		full = field.Message().FullName()
	} else if field.Enum() != nil {
		full = field.Enum().FullName()
	} else {
		return field.Kind().String()
	}
	if strings.HasPrefix(string(full), pkg+".") {
		return "." + within(full, pkg)
	}
	return string(full)
}

func field(field protoreflect.FieldDescriptor, pkg string) string {
	text := fmt.Sprintf("%s:%d:", field.Name(), field.Number())
	switch {
	case field.IsMap():
		text += typeOf(field.MapValue(), pkg) + "%" + field.MapKey().Kind().String()
	case field.IsList():
		text += typeOf(field, pkg) + "*"
	default:
		text += typeOf(field, pkg)
	}
	if oneof := field.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() {
		text += "@" + string(oneof.Name())
	}
	options := field.Options()
	if since, ok := deprecation(options, envoyannotations.E_DeprecatedAtMinorVersion); ok {
		text += ",deprecated=" + since
	}
	if disallowed, _ := proto.GetExtension(options, envoyannotations.E_DisallowedByDefault).(bool); disallowed {
		text += ",disallowed"
	}
	if sensitive, _ := proto.GetExtension(options, udpa.E_Sensitive).(bool); sensitive {
		text += ",secret"
	}
	if rules, ok := proto.GetExtension(options, validate.E_Rules).(*validate.FieldRules); ok && rules != nil {
		found := []string{}
		flatten(rules.ProtoReflect(), "", &found)
		sort.Strings(found)
		for _, rule := range found {
			text += "," + rule
		}
	}
	return text
}

func deprecation(options protoreflect.ProtoMessage, since protoreflect.ExtensionType) (string, bool) {
	version, _ := proto.GetExtension(options, since).(string)
	marked := options.ProtoReflect()
	field := marked.Descriptor().Fields().ByName("deprecated")
	if version == "" && !marked.Get(field).Bool() {
		return "", false
	}
	return version, true
}

// Rules as path=value; the level that only repeats the field's type is dropped.
func flatten(message protoreflect.Message, path string, found *[]string) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		name := string(field.Name())
		inner := path + name
		if message.Descriptor().Name() == "FieldRules" {
			inner = strings.TrimSuffix(path, ".")
		}
		switch {
		case field.IsList():
			items := []string{}
			for i := 0; i < value.List().Len(); i++ {
				items = append(items, url.QueryEscape(value.List().Get(i).String()))
			}
			*found = append(*found, inner+"="+strings.Join(items, "|"))
		case field.Message() != nil && field.Message().FullName() == "google.protobuf.Duration":
			seconds := value.Message().Get(value.Message().Descriptor().Fields().ByName("seconds")).Int()
			nanos := value.Message().Get(value.Message().Descriptor().Fields().ByName("nanos")).Int()
			*found = append(*found, fmt.Sprintf("%s=%g", inner, float64(seconds)*1000+float64(nanos)/1e6))
		case field.Message() != nil:
			if inner != "" {
				inner += "."
			}
			flatten(value.Message(), inner, found)
		case name == "strict":
			// Strict is the default.
			if !value.Bool() {
				*found = append(*found, path+"loose")
			}
		case name == "const":
			*found = append(*found, inner+"="+url.QueryEscape(value.String()))
		case field.Kind() == protoreflect.BoolKind:
			if value.Bool() {
				*found = append(*found, inner)
			}
		case field.Kind() == protoreflect.EnumKind:
			*found = append(*found, inner+"="+string(field.Enum().Values().ByNumber(value.Enum()).Name()))
		default:
			*found = append(*found, inner+"="+url.QueryEscape(value.String()))
		}
		return true
	})
}
