// Package runtime is what the bindings stand on: memory that the host writes to, and handles.
package runtime

import (
	"runtime"
	"unsafe"
)

// Handle is the number of a resource of the host, until it is given away.
type Handle struct {
	number int32
}

// MakeHandle has a number, which is never 0.
func MakeHandle(number int32) *Handle {
	if number == 0 {
		panic("0 is no handle")
	}
	return &Handle{number}
}

// Use is the number; it panics where the resource was given away or dropped.
func (handle *Handle) Use() int32 {
	if handle.number == 0 {
		panic("the resource was given away or dropped before")
	}
	return handle.number
}

// Take is the same for the last time.
func (handle *Handle) Take() int32 {
	number := handle.Use()
	handle.number = 0
	return number
}

// TakeOrNil is the same, or 0 where the resource was given away or dropped.
func (handle *Handle) TakeOrNil() int32 {
	number := handle.number
	handle.number = 0
	return number
}

// Set gives a handle back that was taken.
func (handle *Handle) Set(number int32) {
	if handle.number != 0 {
		panic("the handle has a resource")
	}
	handle.number = number
}

// Allocate is memory that stays where it is until the pinner lets it go.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	memory := allocate(size)
	if size != 0 {
		pinner.Pin(memory)
	}
	return memory
}

// given is what the host has written to, so that the collector leaves it alone until it is read.
var given []unsafe.Pointer

// Unpin lets go of what the host has written.
func Unpin() { given = nil }

// cabi_realloc of the canonical ABI: the host asks for memory for a string or a list that it hands over. It never asks
// for more of the same, because it knows how long they are.
//
//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("the host wants memory that it was given to become another size")
	}
	memory := allocate(uintptr(size))
	given = append(given, memory)
	return memory
}

// nothing is where an empty string lies.
var nothing uint64

// allocate is memory at a multiple of 8, which is a multiple of any `align` that there is.
func allocate(size uintptr) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(&nothing)
	}
	words := make([]uint64, (size+7)/8)
	return unsafe.Pointer(unsafe.SliceData(words))
}
