private import Glibc

/// Whether this was built with ThreadSanitizer, which has a memory and threads of its own.
package let isThreadSanitized = dlsym(dlopen(nil, RTLD_NOW), "__tsan_init") != nil

/// Whether this was built with AddressSanitizer, which keeps freed memory from use.
package let isAddressSanitized = dlsym(dlopen(nil, RTLD_NOW), "__asan_init") != nil
