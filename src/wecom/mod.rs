//! WeCom callbacks: what comes in, what is kept of it.
