//! The only way out: every connection this product opens is dialled here.
