// Package types has the types of WIT that Go has none of.
package types

// Unit is the type of nothing.
type Unit struct{}

// Of an Option and of a Result, which of the two it is.
const (
	OptionNone uint8 = 0
	OptionSome uint8 = 1
	ResultOk   uint8 = 0
	ResultErr  uint8 = 1
)

// Option is a value or none.
type Option[T any] struct {
	tag   uint8
	value T
}

// None is no value.
func None[T any]() Option[T] { return Option[T]{} }

// Some is a value.
func Some[T any](value T) Option[T] { return Option[T]{OptionSome, value} }

// Tag is OptionNone or OptionSome.
func (option Option[T]) Tag() uint8 { return option.tag }

// IsSome says whether there is a value.
func (option Option[T]) IsSome() bool { return option.tag == OptionSome }

// IsNone says whether there is none.
func (option Option[T]) IsNone() bool { return option.tag == OptionNone }

// Some is the value; it panics where there is none.
func (option Option[T]) Some() T {
	if option.IsNone() {
		panic("the option has no value")
	}
	return option.value
}

// SomeOr is the value, or the other one where there is none.
func (option Option[T]) SomeOr(other T) T {
	if option.IsNone() {
		return other
	}
	return option.value
}

// Result is what a function returns, or the error that it returns instead.
type Result[T any, E any] struct {
	tag   uint8
	value T
	err   E
}

// Ok is the result of a function that succeeded.
func Ok[T any, E any](value T) Result[T, E] { return Result[T, E]{tag: ResultOk, value: value} }

// Err is the result of a function that failed.
func Err[T any, E any](err E) Result[T, E] { return Result[T, E]{tag: ResultErr, err: err} }

// Tag is ResultOk or ResultErr.
func (result Result[T, E]) Tag() uint8 { return result.tag }

// IsOk says whether it succeeded.
func (result Result[T, E]) IsOk() bool { return result.tag == ResultOk }

// IsErr says whether it failed.
func (result Result[T, E]) IsErr() bool { return result.tag == ResultErr }

// Ok is what it returned; it panics where it failed.
func (result Result[T, E]) Ok() T {
	if result.IsErr() {
		panic("the result is an error")
	}
	return result.value
}

// Err is the error; it panics where there is none.
func (result Result[T, E]) Err() E {
	if result.IsOk() {
		panic("the result is no error")
	}
	return result.err
}

// Tuple2 has two values.
type Tuple2[A any, B any] struct {
	F0 A
	F1 B
}

// Tuple3 has three.
type Tuple3[A any, B any, C any] struct {
	F0 A
	F1 B
	F2 C
}

// Tuple4 has four, as an IPv4 address.
type Tuple4[A any, B any, C any, D any] struct {
	F0 A
	F1 B
	F2 C
	F3 D
}

// Tuple6 has six, as an Ethernet address.
type Tuple6[A any, B any, C any, D any, E any, F any] struct {
	F0 A
	F1 B
	F2 C
	F3 D
	F4 E
	F5 F
}

// Tuple8 has eight, as an IPv6 address.
type Tuple8[A any, B any, C any, D any, E any, F any, G any, H any] struct {
	F0 A
	F1 B
	F2 C
	F3 D
	F4 E
	F5 F
	F6 G
	F7 H
}
