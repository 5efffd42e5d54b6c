//! Two small real upstreams and a short play that shows the gate at work.
