# What is frozen into the image. `ms20 image` says where the linked firmware is (MS20_LINKED).
freeze("$(PORT_DIR)/modules")
freeze("$(MS20_LINKED)")
